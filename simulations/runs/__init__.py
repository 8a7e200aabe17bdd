"""One run of a template: parameters checked, notebook executed, folder written."""
