"""The rules of notify: who is told (`told`), what a notice is (`notice`), what the feed shows
(`feed`), what a member wants to hear of (`preferences`).
"""
