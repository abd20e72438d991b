"""One module a subject: what may be asked over HTTP, in the order of a table of contents."""
