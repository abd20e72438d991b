"""A facility's calendar as one iCalendar file over HTTP: read only.

What most systems can publish: Google's and Outlook's secret addresses, a 작은도서관's own programme, a file on a web
server. An unchanged file costs one request: the server says 304 to the ETag or the date it gave us, or the content has
the hash it had; it is parsed in neither case. A file that can't be read whole changes nothing: the last one stays.
Redirects are followed, each checked; the secret is HTTP Basic (RFC 7617) or part of the address.
"""
