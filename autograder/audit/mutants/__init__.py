"""Mutation testing: how many small changes of a right answer does its check catch and name?"""
