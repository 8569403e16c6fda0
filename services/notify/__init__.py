"""notify: every person is told what they must do, and what they may know.

Owns    notices (inbox and to-do), notification preferences, the feed of events, webhooks
Takes   nothing that moves a life cycle: only "I have read this", preferences and webhooks
Hears   every event type of the catalog: who is told of what is one table, `domain/told/`
Tells   notification.made, notification.reminded, webhook.disabled

A to-do list that empties itself: a notice is withdrawn by the event that makes it moot, also when
that event comes first (`usecases/telling.py`). Texts are rendered when read, in the reader's
language (`texts.py`, `locale/`).
"""
