package android.os;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

public final class Bundle implements Parcelable {
    private final Map<String, Object> values = new HashMap<>();

    public Bundle() {}

    public Bundle(Bundle other) {
        values.putAll(other.values);
    }

    public boolean containsKey(String key) {
        return values.containsKey(key);
    }

    public Set<String> keySet() {
        return values.keySet();
    }

    public boolean isEmpty() {
        return values.isEmpty();
    }

    public int size() {
        return values.size();
    }

    public Object get(String key) {
        return values.get(key);
    }

    public String getString(String key) {
        return values.get(key) instanceof String ? (String) values.get(key) : null;
    }

    public int getInt(String key) {
        return getInt(key, 0);
    }

    public int getInt(String key, int other) {
        return values.get(key) instanceof Integer ? (Integer) values.get(key) : other;
    }

    public long getLong(String key, long other) {
        return values.get(key) instanceof Long ? (Long) values.get(key) : other;
    }

    public boolean getBoolean(String key, boolean other) {
        return values.get(key) instanceof Boolean ? (Boolean) values.get(key) : other;
    }

    @SuppressWarnings("unchecked")
    public <T extends Parcelable> T getParcelable(String key) {
        return values.get(key) instanceof Parcelable ? (T) values.get(key) : null;
    }

    public void putString(String key, String value) {
        values.put(key, value);
    }

    public void putInt(String key, int value) {
        values.put(key, value);
    }

    public void putLong(String key, long value) {
        values.put(key, value);
    }

    public void putBoolean(String key, boolean value) {
        values.put(key, value);
    }

    public void putParcelable(String key, Parcelable value) {
        values.put(key, value);
    }
}
