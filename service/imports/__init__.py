"""Imports: files of datasets, and tables of one's own, into the log.

A file is opened and split into rows (`reading`) and told by its format (`formats`); what rows tell is made
ready for the log (`accounts`), decided on (`deciding`) and appended (`engine`). `running` does all, `jobs`
does it for services without a shell.
"""
