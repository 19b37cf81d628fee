from safety.models.keywords import BlockedKeyword, KeywordQuerySet
from safety.models.releases import LexiconRelease, ReleaseQuerySet
from safety.models.resources import CrisisResource, ResourceQuerySet
from safety.models.training import TrainingData, TrainingDataQuerySet, TrainingDonation

__all__ = [
    "BlockedKeyword",
    "CrisisResource",
    "KeywordQuerySet",
    "LexiconRelease",
    "ReleaseQuerySet",
    "ResourceQuerySet",
    "TrainingData",
    "TrainingDataQuerySet",
    "TrainingDonation",
]
