"""A whole season of assessment: its plan as plain data, and the steps that drive the plan through the use cases.

plan           what happens, as values; knows nothing of the site
names, draw    a plan of any size, the same for the same seed
setting_up     import, frameworks, tags, exemptions, choices, approval, accounts
voting         polls from the first ticket to the seal
handing_in     material, reviews, and what the assessment group records
marking        marks by row sheet, workbook and unit; the ledger and its contests
closing        provisional results, objections, certificate, feedback, archive
drive          all of it, step by step
"""
