"""Publishing: incidents and series in the formats that maps, charts, calendars and data frames read.

`formats` is the one table of them; a format is one small file beside it, with a function from a
`publication` to chunks of bytes. Nothing here knows HTTP: `service.api.publications` asks for a format by
its suffix or by Accept.
"""
