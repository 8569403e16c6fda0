"""The floor of a command: a bare Flask view that does one insert_one, and no more."""

import os
import threading
from typing import Any

from flask import Flask, jsonify, request
from pymongo import MongoClient
from pymongo.collection import Collection


def create_app() -> Flask:
    """Return the application; gunicorn calls this in each process."""
    app = Flask("bare")
    kept: Collection[dict[str, Any]] = MongoClient(os.environ["MONGO_URL"], w="majority")[
        os.environ["MONGO_DB"]
    ]["kept"]

    @app.post("/v1/contracts/<id_>/milestones/<int:n>/<act>")
    def act(id_: str, n: int, act: str) -> Any:
        words = request.get_json()
        result = kept.insert_one({"contract_id": id_, "n": n, "act": act, **words})
        return jsonify({"id": str(result.inserted_id), "thread": threading.get_ident()})

    return app
