"""The only package that speaks with Java: Java comes in, plain Python goes out, and nothing is decided.

Its modules must be imported on the app's main thread, because Android finds the app's own classes only from
there; whoever builds a source does that. Every object that Java may still call is kept alive here: the bridge
to Java holds no reference of its own, and a call of a freed object ends the app.
"""
