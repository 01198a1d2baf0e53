"""Webhooks: records of the log, sent to those who have subscribed, in order, until they have them.

What is subscribed is kept in a file of its own (`store`), which says how far each receiver has followed the
log. One process at a time delivers (`dispatcher`): it reads what comes next (`batches`), signs it
(`signing`), and sends it (`delivery`) to addresses that it may reach (`addresses`).
"""
