"""What `compare.py` is made of, in the order of the data.

machine   which machine, in words
run       one process: time, memory, what it printed
objects   git's objects: read many, write a pack
plant     a copy of a repository with keys in its history
tools     ours, the floor and the peers: commands, rules, checks
compare   rounds in turn, each checked before its time counts
table     Markdown of it
series    ours alone: against cores, pack size, rules and findings
plot      series as an SVG
huge      a repository far larger than memory's comfort
"""
