"""Is the interaction plausible: 50 yes/no questions to a vision-language model (the paper's VLM-QA). No stand-in.

The paper's questions are not published; ours are in evaluation/backends/questions.yaml.
"""

from evaluation.measuring.kinds import VideoMetric, roles

METRICS = {
    "interaction_vlm_qa": VideoMetric(
        title="share of questions answered well (vision-language model)",
        unit="share",
        direction="higher_is_better",
        version=1,
        valid_on=("filmed",),
        backend="vlm_questions",
        series="yes",
        paper="VLM-QA",
        roles=roles("share of our 50 questions that a vision-language model answers as a plausible video should"),
    )
}
