"""The operators' console: pages made here, of what the services answer to the operator who looks.

It is a front end and no service: it keeps nothing, hears nothing, and asks the services' HTTP APIs
with the operator's own token, as any caller does. Any number of processes may run side by side.
"""
