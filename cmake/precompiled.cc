// Nothing: what is precompiled must belong to a file.
