"""Checkpoints with random weights in real shapes: what speed is measured and tests are run on."""

from __future__ import annotations

import string
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from .shapes import Shape

_CODEC_RATE_HZ = 32000


def _configs(shape: Shape) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    text = {
        "model_type": "t5", "vocab_size": shape.text_vocabulary, "d_model": shape.text_width,
        "d_kv": shape.text_width // shape.text_heads, "d_ff": shape.text_ffn,
        "num_layers": shape.text_layers, "num_heads": shape.text_heads,
    }  # fmt: skip
    frame_rate = _CODEC_RATE_HZ // _product(shape.codec_ratios)
    bits = (shape.vocabulary - 1).bit_length()
    codec = {
        "model_type": "encodec", "target_bandwidths": [shape.codebooks * frame_rate * bits / 1000],
        "sampling_rate": _CODEC_RATE_HZ, "audio_channels": 1, "normalize": False,
        "chunk_length_s": None, "hidden_size": shape.codec_width, "num_filters": shape.codec_filters,
        "upsampling_ratios": list(shape.codec_ratios), "use_causal_conv": False,
        "codebook_size": shape.vocabulary, "codebook_dim": shape.codec_width,
        "use_conv_shortcut": False,
    }  # fmt: skip
    decoder = {
        "vocab_size": shape.vocabulary, "num_hidden_layers": shape.layers, "ffn_dim": shape.ffn,
        "num_attention_heads": shape.heads, "hidden_size": shape.width,
        "num_codebooks": shape.codebooks * shape.channels, "audio_channels": shape.channels,
        "pad_token_id": shape.vocabulary, "bos_token_id": shape.vocabulary,
    }  # fmt: skip
    return text, codec, decoder


def _product(ratios: tuple[int, ...]) -> int:
    result = 1
    for ratio in ratios:
        result *= ratio
    return result


def build_model(shape: Shape, seed: int = 0) -> Any:
    """A transformers MusicGen model of this shape with random weights, in evaluation mode.

    Codebooks and layer norms are drawn too (transformers leaves them 0 and 1), so that every weight
    matters to the output.
    """
    hf: Any = import_module("transformers")

    text, codec, decoder = _configs(shape)
    config_class, model_class = (
        (hf.MusicgenMelodyConfig, hf.MusicgenMelodyForConditionalGeneration)
        if shape.melody
        else (hf.MusicgenConfig, hf.MusicgenForConditionalGeneration)
    )
    extra = {"chroma_length": shape.chroma_frames} if shape.melody else {}
    torch.manual_seed(seed)
    config = config_class(text_encoder=text, audio_encoder=codec, decoder=decoder, **extra)
    model = model_class(config).eval()
    with torch.no_grad():
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
            if name.endswith("codebook.embed"):
                tensor.normal_(0, 0.5)
            elif "layer_norm" in name and tensor.ndim == 1:
                tensor.add_(torch.randn_like(tensor) * 0.05)
            elif name == "audio_enc_to_dec_proj.weight":
                tensor.normal_()  # else the melody is drowned by the text
            elif name.startswith("audio_encoder.encoder.") and "bias" in name:
                tensor.zero_()  # else every sound gets the same codes
        model.audio_encoder.encoder.layers[-1].conv.parametrizations.weight.original0.mul_(100)
    pad = shape.vocabulary
    model.generation_config = hf.GenerationConfig(
        bos_token_id=pad, pad_token_id=pad, decoder_start_token_id=pad, guidance_scale=3.0,
        do_sample=True, max_length=1500,
    )  # fmt: skip
    return model


def build_tokenizer(shape: Shape) -> Any:
    """T5's kind of tokenizer (Unigram, each text closed by </s>) over letters, digits and some words."""
    hf: Any = import_module("transformers")
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
    pieces += [(letter, -6.0) for letter in string.ascii_letters + string.digits + ".,-#/"]
    pieces += [
        ("▁" + word, -4.0) for word in ("drums", "bass", "bpm", "piano", "in", "minor", "major")
    ]
    return hf.T5Tokenizer(vocab=pieces[: shape.text_vocabulary], extra_ids=0)


def save_checkpoint(shape: Shape, folder: Path, seed: int = 0) -> None:
    """Write a random checkpoint as a real folder: config, safetensors, tokenizer."""
    build_model(shape, seed).save_pretrained(folder)
    build_tokenizer(shape).save_pretrained(folder)
