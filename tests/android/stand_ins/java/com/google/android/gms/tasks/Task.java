package com.google.android.gms.tasks;

import android.app.Activity;
import java.util.concurrent.Executor;

public abstract class Task<T> {
    public Task<T> addOnCompleteListener(OnCompleteListener<T> listener) {
        throw new UnsupportedOperationException();
    }

    public Task<T> addOnCompleteListener(Activity activity, OnCompleteListener<T> listener) {
        throw new UnsupportedOperationException();
    }

    public Task<T> addOnCompleteListener(Executor executor, OnCompleteListener<T> listener) {
        throw new UnsupportedOperationException();
    }

    public abstract boolean isSuccessful();

    public abstract T getResult();

    public abstract Exception getException();
}
