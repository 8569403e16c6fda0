"""Jobs: work that clients offer, and the people who propose to do it.

Owns   jobs, proposals, questions; listings; the tree of categories
Takes  drafts, publishing, closing; proposals; questions; the client's choice; orders of listings
Hears  who the members are and what they did here; what came of offers and contracts
Tells  what is open, who proposed; who was selected and what was ordered (from which contracts
       makes the offer or the contract)
"""
