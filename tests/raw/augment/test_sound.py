import random
import sys

import numpy as np
import pytest
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw import Sound
from graphfuse.raw.augment import SPEECH, SoundAugmentation, sound

RATE = 16000
RANGES = {
    "speed": (0.8, 0.9),
    "pitch": (1, 3),
    "formants": (1.1, 1.2),
    "denoise": (6, 12),
    "noise": (5, 20),
    "frequency_mask": (0.1, 0.3),
    "time_mask": (0.1, 0.3),
    "volume": (-12, -6),
}


def vowel(pitch=120, resonances=(700, 1200, 2600), seconds=1.0):
    """Pulses through a vocal tract: resonances at the given Hz."""
    made = (np.arange(round(seconds * RATE)) % round(RATE / pitch) == 0).astype(float)
    for centre in resonances:
        radius = np.exp(-np.pi * 80 / RATE)
        made = lfilter([1], [1, -2 * radius * np.cos(2 * np.pi * centre / RATE), radius**2], made)
    return Sound((0.3 * made / np.abs(made).max()).astype(np.float32), RATE)


def power(samples):
    return np.mean(np.square(samples, dtype=np.float64))


def spectrum(item):
    return np.abs(np.fft.rfft(item.samples[:RATE] * np.hanning(len(item.samples[:RATE])), RATE))


def pitch_of(item):
    inner = item.samples[2000:-2000]
    correlation = np.correlate(inner, inner, "full")[len(inner) - 1 :]
    return RATE / (RATE // 400 + correlation[RATE // 400 : RATE // 90].argmax())


def resonances_of(item):
    """Peaks in Hz of an all-pole model of order 12 (linear prediction)."""
    inner = np.diff(item.samples[3000:-3000]) * np.hanning(len(item.samples) - 6001)
    correlation = np.correlate(inner, inner, "full")[len(inner) - 1 :][:13]
    weights = solve_toeplitz(correlation[:-1], correlation[1:])
    gain = 1 / np.abs(np.fft.rfft([1, *-weights], RATE))
    return [hz for hz in range(300, 4000) if gain[hz] > max(gain[hz - 1], gain[hz + 1])]


@pytest.mark.parametrize("name", RANGES)
def test_a_seed_gives_the_same_result_and_another_seed_another(name):
    augmentation = SoundAugmentation(**{name: RANGES[name]}, probability=1.0)
    item = vowel()
    before = item.samples.copy()
    once, again = (augmentation(item, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(once.samples, again.samples)
    assert np.array_equal(once.samples, augmentation(item, 3).samples)
    other = augmentation(item, 4).samples
    assert len(other) != len(once.samples) or not np.allclose(other, once.samples, atol=1e-4)
    assert np.array_equal(item.samples, before)
    assert once.rate == RATE
    assert once.samples.dtype == np.float32


def test_global_generators_are_neither_used_nor_touched():
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    states = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    once = SoundAugmentation(**RANGES, probability=1.0)(vowel(), 0)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    again = SoundAugmentation(**RANGES, probability=1.0)(vowel(), 0)
    assert np.array_equal(once.samples, again.samples)


@pytest.mark.parametrize("factor", sound.LIMITS["speed"])
def test_the_limits_of_speed_leave_nothing_to_chance(factor):
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    once, again = (sound.change_speed(Sound(noise, RATE), factor) for _ in range(2))
    assert np.array_equal(once.samples, again.samples)


def test_a_generator_moves_on():
    rng = np.random.default_rng(0)
    augmentation = SoundAugmentation(noise=(5, 20), probability=1.0)
    assert not np.array_equal(
        augmentation(vowel(), rng).samples, augmentation(vowel(), rng).samples
    )


def test_leaving_a_change_out_leaves_the_others_as_they_are():
    both = SoundAugmentation(noise=(5, 20), volume=(-6, -6), probability=1.0)
    alone = SoundAugmentation(noise=(5, 20), probability=1.0)
    gain = 10 ** (-6 / 20)
    np.testing.assert_allclose(
        both(vowel(), 5).samples, gain * alone(vowel(), 5).samples, atol=1e-6
    )


@pytest.mark.parametrize(("probability", "expected"), [(0.0, 0), (0.3, 30), (1.0, 100)])
def test_changes_are_as_frequent_as_asked(probability, expected):
    augmentation = SoundAugmentation(volume=(-6, -3), probability=probability)
    item = vowel(seconds=0.1)
    changed = [not np.array_equal(augmentation(item, s).samples, item.samples) for s in range(100)]
    assert abs(sum(changed) - expected) <= 15


@pytest.mark.parametrize("length", [0, 1, 50, 3000])
@pytest.mark.parametrize("fill", [0.0, 0.5])
def test_silence_and_short_sounds_stay_finite(length, fill):
    augmentation = SoundAugmentation(**RANGES, probability=1.0)
    made = augmentation(Sound(np.full(length, fill, np.float32), RATE), 0)
    assert np.isfinite(made.samples).all()
    assert np.abs(made.samples).max(initial=0) <= 1
    assert bool(len(made.samples)) == bool(length)


def test_speed_changes_the_duration_and_keeps_the_pitch():
    made = sound.change_speed(vowel(), 1.25)
    assert made.seconds == pytest.approx(0.8, abs=0.001)
    assert pitch_of(made) == pytest.approx(120, rel=0.03)


def test_pitch_changes_the_pitch_and_keeps_the_duration():
    made = sound.shift_pitch(vowel(), 4)
    assert len(made.samples) == RATE
    assert pitch_of(made) == pytest.approx(120 * 2 ** (4 / 12), rel=0.03)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_formants_move_and_the_pitch_stays(factor):
    item = vowel()
    made = sound.shift_formants(item, factor)
    assert len(made.samples) == RATE
    assert pitch_of(made) == pytest.approx(pitch_of(item), rel=0.02)
    assert resonances_of(item) == pytest.approx([700, 1200, 2600], rel=0.1)
    first, *others = resonances_of(made)
    assert others == pytest.approx([1200 * factor, 2600 * factor], rel=0.05)
    assert (first < 700) == (factor < 1)


def test_formants_by_a_factor_of_one_change_nothing():
    np.testing.assert_allclose(sound.shift_formants(vowel(), 1).samples, vowel().samples, atol=1e-5)


def test_noise_is_as_loud_as_asked():
    item = vowel()
    made = sound.add_noise(item, 12, 0)
    ratio = 10 * np.log10(power(item.samples) / power(made.samples - item.samples))
    assert ratio == pytest.approx(12, abs=0.3)


@pytest.mark.parametrize(("decibels", "tolerance"), [(3, 0.1), (6, 0.1), (12, 0.3), (20, 1.5)])
def test_denoise_lowers_white_noise_by_as_much_as_asked(decibels, tolerance):
    noise = np.random.default_rng(0).normal(0, 0.05, 2 * RATE).astype(np.float32)
    made = SoundAugmentation(denoise=(decibels, decibels), probability=1.0)(Sound(noise, RATE), 0)
    lowered = 10 * np.log10(power(noise) / power(made.samples))
    assert lowered == pytest.approx(decibels, abs=tolerance)


@pytest.mark.parametrize("kind", ["voice", "coming and going", "tone throughout"])
def test_denoise_leaves_what_is_far_above_the_noise(kind):
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)
    item = vowel().samples if kind == "voice" else tone
    sounding = np.arange(RATE) // 4000 % 2 == (1 if kind != "tone throughout" else 0)
    clean = item * (sounding | (kind == "tone throughout"))
    noisy = sound.add_noise(Sound(clean.astype(np.float32), RATE), 20, 0)
    made = sound.denoise(noisy, 12).samples
    part = clean[sounding]
    kept = 20 * np.log10(made[sounding] @ part / (part @ part))
    assert kept == pytest.approx(0, abs=0.3)
    error = power(noisy.samples - clean) / power(made - clean)
    assert 10 * np.log10(error) > 5
    if kind != "tone throughout":
        pauses = ~sounding & ~np.roll(sounding, 800) & ~np.roll(sounding, -800)
        lowered = 10 * np.log10(power(noisy.samples[pauses]) / power(made[pauses]))
        assert lowered == pytest.approx(12, abs=0.5)


def test_frequencies_are_masked_where_asked_and_nowhere_else():
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    before, after = (
        spectrum(Sound(noise, RATE)),
        spectrum(sound.mask_frequencies(Sound(noise, RATE), 1000, 2000)),
    )
    gain = {
        lo: power(after[lo : lo + 200]) / power(before[lo : lo + 200]) for lo in (400, 1400, 4000)
    }
    assert gain[1400] < 1e-3
    assert gain[400] == pytest.approx(1, abs=0.1)
    assert gain[4000] == pytest.approx(1, abs=0.1)


def test_time_is_masked_where_asked_and_nowhere_else():
    item = vowel()
    made = sound.mask_time(item, 0.25, 0.5).samples
    assert not made[4100:7900].any()
    assert np.array_equal(made[:4000], item.samples[:4000])
    assert np.array_equal(made[8000:], item.samples[8000:])


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("name", ["time_mask", "frequency_mask"])
def test_masks_of_nothing_and_of_everything(name, share):
    item = vowel()
    made = SoundAugmentation(**{name: (share, share)}, probability=1.0)(item, 0)
    if share == 0:
        np.testing.assert_allclose(made.samples, item.samples, atol=1e-6)
    else:
        assert power(made.samples) < 0.05 * power(item.samples)


def test_volume_is_in_decibels_and_clips():
    item = vowel()
    made = sound.change_volume(item, -20)
    np.testing.assert_allclose(made.samples, item.samples / 10, atol=1e-7)
    assert np.abs(sound.change_volume(item, 40).samples).max() == 1


def test_amounts_of_an_augmentation_mean_what_they_say():
    def made(**amounts):
        ranges = {name: (amount, amount) for name, amount in amounts.items()}
        return SoundAugmentation(**ranges, probability=1.0)(vowel(), 0)

    assert made(speed=1.25).seconds == pytest.approx(0.8, abs=0.001)
    assert pitch_of(made(pitch=4)) == pytest.approx(120 * 2 ** (4 / 12), rel=0.03)
    assert resonances_of(made(formants=1.25))[1:] == pytest.approx([1500, 3250], rel=0.05)
    np.testing.assert_allclose(made(volume=-20).samples, vowel().samples / 10, atol=1e-7)
    added = made(noise=12).samples - vowel().samples
    assert 10 * np.log10(power(vowel().samples) / power(added)) == pytest.approx(12, abs=0.3)


def test_speech_preset_keeps_a_vowel_recognisable():
    item = vowel()
    for seed in range(20):
        made = SPEECH(item, seed)
        assert 0.85 < made.seconds < 1.15
        assert 0.85 * 120 < pitch_of(made) < 1.18 * 120


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"speed": (0.5, 1)},
            r"speed must be a range \(from, to\) between 0.6 and 4, or None; got",
        ),
        ({"pitch": (2, -2)}, r"pitch must be a range .* got \(2, -2\)"),
        ({"time_mask": (0.1,)}, "time_mask must be a range"),
        ({"denoise": (6, 30)}, r"denoise must be a range .* between 0 and 20"),
        ({"volume": ("soft", "loud")}, r"volume must be a range .* got \('soft', 'loud'\)"),
        ({"probability": 2}, "probability must lie between 0 and 1, got 2"),
        ({"probability": "often"}, "probability must lie between 0 and 1, got 'often'"),
    ],
)
def test_wrong_options_are_errors(options, message):
    with pytest.raises(InputError, match=message):
        SoundAugmentation(**options)


def test_the_package_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "audiomentations", None)
    with pytest.raises(MissingDependencyError, match=r"changing sounds needs .*'audiomentations'"):
        sound.shift_pitch(vowel(), 1)
