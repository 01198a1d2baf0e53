"""Exporters: one small file a format, each a pure function from accounts to what the format has."""
