"""The guide's examples, one a file, each with what it does not mention.  All of them: python -m examples"""
