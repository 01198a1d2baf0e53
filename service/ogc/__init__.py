"""OGC API - Features, Part 1 (OGC 17-069r4): incidents as geographic information systems read them.

The classes core, GeoJSON and OpenAPI 3.0, under ``/ogc``. A collection is a timeline: all incidents, or
those of a country. What belongs to the standard is its own: it is described by an OpenAPI 3.0 document at
``/ogc/api``, and is no part of the contract of ``/v1``. What is read, at which moment, is the same.
"""
