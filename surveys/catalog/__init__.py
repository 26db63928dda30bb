"""The official content as data, and its loader.

frameworks/*.yaml, questionnaires/*.yaml   what is assessed, in the words of its document
model.py     the frozen values everything else reads; JSON there and back
loader.py    the way in: files and uploads -> model, or every fault of the file at once
source.py    bytes -> plain values with line numbers (YAML, its safe part only)
rules.py     what must hold between fields: sums, duplicates, order
messages.py  faults in Chinese that say what to do
problems.py  Problem, CatalogError
"""
