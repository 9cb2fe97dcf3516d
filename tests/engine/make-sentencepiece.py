#!/usr/bin/env python3
# Makes fixtures/unigram.model, a small SentencePiece model of T5's kind (unigram, nmt_nfkc), and unigram.txt: texts
# with the ids that SentencePiece itself gives. Needs Debian's python3-sentencepiece; run it when the cases change.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import io
import json
import os
import random

import sentencepiece

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
WORDS = """a the of and in on with light lighthouse fog sea morning evening painting oil water colour photograph portrait cat dog
horse astronaut riding mountain river forest city street rain snow sunset golden hour soft dramatic shadow glass stone wooden
table chair window garden flower rose blue red green yellow white black small large old young woman man child standing
sitting running sleeping under over behind between Zürich café naïve über Straße кошка сидит на окне 猫 が 座 って いる 日本 語
中文 测试 한국어 שלום مرحبا नमस्ते 3.14 2024 100% don't it's hello world sign says""".split()

TEXTS = ["", " ", "   ", "a lighthouse in the fog", "  two   spaces  ", "A photograph of an astronaut riding a horse.", "ＦＵＬＬ width ﬁ ﬂ ½ ²",
         "Zürich café naïve", "Zu\u0308rich cafe\u0301", "猫が座っている", "кошка сидит на окне", "שלום مرحبا नमस्ते", "emoji 😀 and 👩‍🎨 test", "tab\tand\nline",
         "no\u00a0break\u3000wide\u200bzero", "▁literal▁", "xyz☆☆☆ quux", "☆", "don't it's 100% 3.14", "\u0000nul", "ﷺ ㍿ ①", "\u1e9b\u0323 Å Å",
         "lighthouselighthouselighthouse", "soft-light, dramatic (shadow)!", "a" * 300, "\u202eright\u200f to left", "ΟΔΟΣ Σ", "ｶﾞ ガ", "<pad> </s> <unk> <extra_id_0>"]


def main():
    rng = random.Random(1)
    sentences = [" ".join(rng.choices(WORDS, k=12)) for _ in range(4000)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences), model_writer=model, model_type="unigram", vocab_size=400, hard_vocab_limit=False, normalization_rule_name="nmt_nfkc",
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, character_coverage=0.9995, num_threads=1, minloglevel=2)
    with open(os.path.join(here, "unigram.model"), "wb") as f:
        f.write(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    with open(os.path.join(here, "unigram.txt"), "w", encoding="utf-8") as f:
        for text in TEXTS + [" ".join(rng.choices(WORDS, k=9)) for _ in range(40)]:
            if "\0" not in text:
                f.write(json.dumps(text) + "\t" + " ".join(map(str, processor.encode(text) + [1])) + "\n")


main()
