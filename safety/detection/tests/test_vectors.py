"""The shared vectors reproduce here; the browser runs the same file."""

import hashlib
import json

from safety.detection import Detector
from safety.training.vectors import VECTORS, build_vectors, vector


def test_every_vector_reproduces(detector: Detector) -> None:
    stored = json.loads(VECTORS.read_text(encoding="utf-8"))
    assert stored["bundle_version"] == detector.version
    assert len(stored["vectors"]) > 2000
    wrong = [expected[0] for expected in stored["vectors"] if vector(detector, expected[0]) != expected]
    assert wrong == []


def test_the_file_is_what_the_generator_writes() -> None:
    assert hashlib.sha256(build_vectors().encode()).hexdigest() == hashlib.sha256(VECTORS.read_bytes()).hexdigest()
    assert VECTORS.stat().st_size < 3_000_000
