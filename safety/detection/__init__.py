"""Notices danger in a text, explainably, by a bundle of data: tables, rules, lexicon, concepts and a small model.

Pure Python, no Django; docs/detection.md describes the same behaviour for the browser. Texts are never logged.
"""

from .bundle import load_bundle
from .detector import Detection, Detector

__all__ = ["Detection", "Detector", "load_bundle"]
