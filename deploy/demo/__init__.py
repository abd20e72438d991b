"""The main job, shown: a place is filled, the right people are told, the figures move, and nothing is lost.

    cast      who and what appears: openings A to G, the meal helpers' opening, the residents
    desk      asks the services, as an officer, a resident or the operator would
    watch     sees events travel, and what became of each
    board     what has happened so far, for whoever draws it
    story     the scenario, step by step
    again     delivers an event once more
    tally     counts what is there too often, and what is missing
    verdict   what was read back, what was promised, and whether they agree
    timeline  draws the board and the verdict

Everything is asked of running services; no value is assumed and no database is read.
"""
