"""The model of greenloop-local-model.mjs by way of llama-cpp-python: settings as one JSON argument, prompt on stdin."""

import json
import sys

from llama_cpp import Llama


def main() -> int:
    settings = json.loads(sys.argv[1])
    prompt = sys.stdin.buffer.read().decode("utf-8")
    model = Llama(
        model_path=settings["model"],
        n_ctx=int(settings["context"]) or 8192,
        n_threads=int(settings["threads"]) or None,
        seed=int(settings.get("seed", 0xFFFFFFFF)),
        verbose=False,
    )
    pieces = model.create_chat_completion(
        messages=[{"role": "user", "content": prompt}],
        max_tokens=int(settings["maxTokens"]),
        temperature=settings["temperature"],
        stream=True,
    )
    finish = None
    for piece in pieces:
        choice = piece["choices"][0]
        text = choice["delta"].get("content")
        if text:
            sys.stdout.buffer.write(text.encode("utf-8"))
            sys.stdout.buffer.flush()
        finish = choice.get("finish_reason") or finish
    if finish == "length":
        print(f"the answer was cut off at --max-tokens {settings['maxTokens']}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, ValueError, OSError) as error:
        # llama-cpp-python tells of a broken model file or a prompt that is too long in these three ways.
        print(f"greenloop-local-model: {error}", file=sys.stderr)
        sys.exit(1)
