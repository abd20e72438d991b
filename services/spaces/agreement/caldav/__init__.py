"""A facility's calendar as a CalDAV collection (RFC 4791): read and write.

    PROPFIND, Depth 0    the collection's ctag: as it was? then that one request was all
    PROPFIND, Depth 1    every resource and its ETag
    REPORT multiget      the resources whose ETag we don't know, 200 at a time
    PUT, DELETE          our entries, ``<booking>.ics``, each guarded: If-None-Match: *, or If-Match

The address is the collection itself (Radicale, Nextcloud, Baïkal, Synology: what they show as "calendar address").
A server without ctag is recognised by its sync-token, or by its list of ETags; one without ETags is read whole each
time, and recognised by its content. The XML that comes back is read without DTD and entities; names come back in
any spelling and are brought to one. Credentials are HTTP Basic (RFC 7617); no redirect is followed.
"""
