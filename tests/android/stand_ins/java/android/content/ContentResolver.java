package android.content;

import android.database.Cursor;
import android.net.Uri;
import org.ringproof.standin.CallLogTable;

public abstract class ContentResolver {
    public ContentResolver(Context context) {}

    public final Cursor query(
            Uri uri, String[] projection, String selection, String[] arguments, String sortOrder) {
        return CallLogTable.query(uri, projection, selection, arguments, sortOrder);
    }
}
