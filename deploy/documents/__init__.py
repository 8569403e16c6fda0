"""The documents of the product, made from the code and committed under docs/.

openapi.py   the services' OpenAPI documents as one, for the gateway
events.py    AsyncAPI and JSON Schemas of the events, from shared/catalog
breaking.py  what a caller of the last release would trip over
client.py    the generated part of clients/python
site.py      the pages that the gateway serves at /docs

`python -m deploy.documents` writes all but the pages. A test fails when the code says
something else.
"""
