"""Files as rows: opened and unpacked (`files`, `packed`), split by what they are (`rows`), read by headers.

Nothing here knows what rows tell. What cannot be read is said in `outcomes`.
"""
