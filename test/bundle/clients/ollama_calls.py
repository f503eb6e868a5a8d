"""Calls the Ollama at OLLAMA_HOST with the library of PyPI, and prints what came back as one JSON object."""

import json

import ollama

streamed = [
    part["message"]["content"]
    for part in ollama.chat(
        model="stand-in", messages=[{"role": "user", "content": "hello"}], stream=True
    )
]
try:
    ollama.pull("stand-in")
    refusal = None
except ollama.ResponseError as error:
    refusal = [error.status_code, error.error]
print(
    json.dumps(
        {
            "models": [model.model for model in ollama.list().models],
            "text": ollama.generate(model="stand-in", prompt="hello")["response"],
            "parts": len(streamed),
            "embedding": len(ollama.embed(model="stand-in-embed", input="x")["embeddings"]),
            "shown": ollama.show("stand-in").details.format,
            "refusal": refusal,
        }
    )
)
