"""What is true: values, incidents, actors, countries, the log's records. No web, no store, no clock."""
