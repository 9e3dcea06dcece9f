"""The benchmarks, `python -m tests.bench`: what the product costs, beside what it need not cost.

Counts first, for they are exact; instructions second, within a thousandth; sizes last. No wall
clock is read: on a shared machine it says more about the neighbours. (`scale` reads the CPU's, in
processes of their own, and compares two of them.)

    __main__          the command
    row, table        one figure; the figures as a table and as JSON
    session           what the figures share: seeds, and storage accounts in an Azurite of their own
    cachegrind        instructions of a piece of Python
    towns, weather    the product in an emulated Azure, in calm and in rough weather
    scale_world       thousands of clusters, their assignments and records, all well
    scale_worker      a process of the app, or of the least that reads the same lists
    lives             one cluster's life, from request to peace, in a weather and by a seed
    the other files   one figure each, its formula in the docstring
"""
