"""Audits of places and money, each from the records alone, with sums of their own. Pure.

    places     nobody is placed twice, no opening has more people than places, now or at any time before
    overlaps   nobody has two direct jobs on the same day, now or at any time before                       (places)
    earned     sheets against lines, months of pay, and what places have noted
    paid       batches against rows, payments and the budget; the services' own comparison; the figures
    bank       the bank's book against payments, rows and what could ever be due
"""
