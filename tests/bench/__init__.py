"""How fast it is, beside its peers in the same run: `./sipbun bench`.

    act_effect.py        an act, its fact relayed, its effect stored: all parts at once
    relay.py             outbox -> broker          consumer.py   queue -> archive
    nearby.py            openings near a point     reach_residents.py   residents in reach of one
    rpc.py               one question and its answer
    statistics.py        figures through a day, and the archive's intake
    latency.py           an act on an idle platform, until its letter is in the inbox
    floor.py  stock_nameko.py  raw_kombu.py  postgis.py  redis_geo.py   the peers

Every part of a side runs in a process of its own (stage.py), on a private broker node and database (bed.py). Sides take
turns, A B A B, so that whatever else the machine does touches both; a ratio is the median of the pairs' ratios.
"""
