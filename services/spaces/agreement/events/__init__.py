"""A facility's calendar as events over the broker: its own system says each entry as it is set and removed.

    kr.muni1.calendar_entry.set | removed --> entries.py: one document a (feed, uid), the highest sequence
                                               --> adapter.py: their calendar, as any other

Events come twice and in any order: an older word never replaces a newer one, and a removed entry is kept as a
tombstone, so that its late ``set`` does not bring it back. Nothing can be written there. There is no silence to hear:
what was not said can't be missed, so such a feed is as fresh as its last reading.
"""
