"""Imports over HTTP: files and what is to be done with them are kept in a folder (`store`), one after the
other is carried out (`queue`) in a process of its own (`process`), and each can be followed (`documents`).
"""
