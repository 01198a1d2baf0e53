"""Webhooks: records of the log, sent to those who have subscribed, in order, until they have them.

What is subscribed is kept beside the log (`store`), with how far each receiver has followed it. One process
at a time delivers (`dispatcher`): it reads what comes next (`batches`), signs it (`signing`), and sends it
(`delivery`) to addresses that it may reach (`addresses`).
"""
