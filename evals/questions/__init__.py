"""What evals ask: public sets, made changes, and the bases that hold their documents."""
