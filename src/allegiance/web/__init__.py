"""The workbench: read, search, label and cite in the browser. Rendered on the server; pages work without script.

app      puts it together
routes   the one table of what can be asked for
guard    what is refused before a page sees it, and the headers of every answer
asked    query and form parameters, checked
state    the study, the reader, and what may be remembered between requests
pages/   one module a subject: asks the floors below, fills a template
"""
