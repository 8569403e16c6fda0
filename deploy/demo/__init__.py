"""The story of the product, played from outside: `python -m deploy.demo --url http://127.0.0.1:8080`.

client.py    a small caller of the API, a model for your own: keys, retries, patience
people.py    who plays and what they write
story.py     what it holds while it plays, and how it says what it expects
steps.py     the steps
telling.py   the progress while it plays, and the tables at the end
"""
