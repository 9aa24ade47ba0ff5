"""The pages, one module a subject. A handler asks the floors below and fills a template."""
