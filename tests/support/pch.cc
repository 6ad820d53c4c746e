// Holds nothing: the precompiled headers of the tests need a source to be built with.
