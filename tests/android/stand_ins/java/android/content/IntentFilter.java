package android.content;

import java.util.LinkedHashSet;
import java.util.Set;

public class IntentFilter {
    private final Set<String> actions = new LinkedHashSet<>();
    private final Set<String> categories = new LinkedHashSet<>();

    public IntentFilter() {}

    public IntentFilter(String action) {
        actions.add(action);
    }

    public final void addAction(String action) {
        actions.add(action);
    }

    public final void addCategory(String category) {
        categories.add(category);
    }

    public final int countActions() {
        return actions.size();
    }

    public final String getAction(int index) {
        return actions.toArray(new String[0])[index];
    }

    public final boolean hasAction(String action) {
        return actions.contains(action);
    }
}
