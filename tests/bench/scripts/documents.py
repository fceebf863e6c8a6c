# Documents written and read again, by the C and by the Python part of the json module.
import json
import sys

document = {
    "name": "a document",
    "rows": [{"id": i, "value": i * 1.5, "tags": ["x" * (i % 7), str(i)], "on": i % 3 == 0} for i in range(300)],
    "none": None,
}
total = 0
for round in range(int(sys.argv[1])):
    text = json.dumps(document, indent=2 if round % 4 == 0 else None, sort_keys=True)
    document = json.loads(text)
    total += len(text)
print(total, document["rows"][-1])
