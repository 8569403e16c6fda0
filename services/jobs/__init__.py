"""Jobs: work that clients offer, and the people who propose to do it.

Owns   jobs, proposals, questions; the tree of categories
Takes  drafts, publishing, closing; proposals; questions; the client's choice
Hears  who the members are; what came of offers and contracts
Tells  what is open, who proposed, who was selected (from which contracts makes the offer)
"""
