"""The REST API: one router a resource; clocks, paging, answers and problems once for all."""
