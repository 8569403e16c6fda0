"""The story of the product, played from outside: `python -m deploy.demo --url http://127.0.0.1:8080`.

It calls as your own program would: with clients/python.

people.py    who plays and what they write
story.py     what it holds while it plays, and how it says what it expects
steps.py     the steps
telling.py   the progress while it plays, and the tables at the end
"""
