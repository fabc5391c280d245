"""The mathematics under machine learning, as code that you can run, check and trust."""
