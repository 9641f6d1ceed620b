"""Does the mouth go with the sound: SyncNet's confidence (the paper's Sync), or the mouth's opening."""

from evaluation.measuring.kinds import VideoMetric, roles

METRICS = {
    "sync_confidence_syncnet": VideoMetric(
        title="sound in step (SyncNet)",
        unit="distance",
        direction="higher_is_better",
        version=1,
        licence="MIT",
        valid_on=("filmed",),
        backend="syncnet",
        series="confidence",
        needs=("sound",),
        paper="Sync",
        roles=roles("SyncNet's confidence: median less minimum of the distance over shifts of the sound"),
    ),
    "mouth_sound_correlation_proxy": VideoMetric(
        title="agreement of mouth and speech (a stand-in)",
        unit="Pearson r",
        direction="higher_is_better",
        version=1,
        proxy=True,
        licence="Apache-2.0",
        weights_sha256="41aa89769a4d87f6c5444f597c8fb82db8344570a2cf9807da1b72cbca2cc137",
        valid_on=("filmed",),
        backend="mouth",
        series="mouth_sound_correlation",
        needs=("sound",),
        paper="Sync",
        roles=roles("correlation of the changes of the mouth's opening and of the loudness of speech"),
    ),
}
