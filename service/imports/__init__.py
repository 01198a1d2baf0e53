"""Imports: files of datasets, and tables of one's own, into the log.

A file is opened (`files`), split into rows (`rows`) and told by its format (`formats`); what rows tell is
made ready for the log (`accounts`), decided on (`deciding`) and appended (`engine`). `running` does all.
"""
