"""Five assumptions of how long a grant takes to work: the chance that it does by so many seconds.

Nobody has published a distribution. Medians of minutes with a long tail are what people report
(kOps 3 to 4 min; AKS#442 15 to 30 min; azurerm#11434 more than 2 min); the mixture, the uniform
and the exponential delay say how much an answer depends on that.
"""

import math
from collections.abc import Callable

WINDOW = 3600

Delay = Callable[[float], float]


def lognormal(median: float, sigma: float) -> Delay:
    """Half of the delays are below the median."""

    def chance(seconds: float) -> float:
        if seconds <= 0:
            return 0.0
        return (1 + math.erf(math.log(seconds / median) / (sigma * math.sqrt(2)))) / 2

    return chance


def uniform(least: float, most: float) -> Delay:
    """Any delay between the two is as likely as any other."""
    return lambda seconds: min(1.0, max(0.0, (seconds - least) / (most - least)))


def exponential(mean: float) -> Delay:
    """The chance of the next second is always the same."""
    return lambda seconds: 1 - math.exp(-seconds / mean)


def mixture(usual: float, one: Delay, other: Delay) -> Delay:
    """`one` in so many cases of 1, `other` else."""
    return lambda seconds: usual * one(seconds) + (1 - usual) * other(seconds)


DELAYS: dict[str, Delay] = {
    "lognormal3": lognormal(180, 0.9),
    "lognormal5": lognormal(300, 1.0),
    "mixture": mixture(0.85, lognormal(60, 0.6), uniform(300, WINDOW)),
    "uniform": uniform(0, WINDOW),
    "exponential": exponential(300),
}


def quantile(delay: Delay, chance: float) -> float:
    """The seconds by which a grant works with this chance, to a second; a day at most."""
    low, high = 0.0, 86_400.0
    while high - low > 1:
        middle = (low + high) / 2
        low, high = (middle, high) if delay(middle) < chance else (low, middle)
    return high
