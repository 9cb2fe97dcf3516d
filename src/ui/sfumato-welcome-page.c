/* The first start, as one page.
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */
#include "config.h"

#include "ui/sfumato-welcome-page.h"

#include <glib/gi18n-lib.h>

#include "ui/preferences/sfumato-key-group.h"

/* Of a row: the picture at its end, borrowed. */
#define MARK "sfumato-mark"

struct _SfumatoWelcomePage
{
  AdwNavigationPage  parent_instance;

  GtkViewport       *viewport;
  GtkImage          *app_icon;
  GtkListBox        *try_box;
  AdwActionRow      *try_row;
  GtkListBox        *services_box;
  GtkRevealer       *key_revealer;
  SfumatoKeyGroup   *key_group;
  GtkWidget         *start_button;

  SfumatoStudio     *studio;       /* owned */
  char              *service;      /* owned, nullable: the one whose key is asked for */
  guint              scroll;       /* source id, 0 where there is none */
};

G_DEFINE_FINAL_TYPE (SfumatoWelcomePage, sfumato_welcome_page, ADW_TYPE_NAVIGATION_PAGE)

enum
{
  PROP_0,
  PROP_STUDIO,
  N_PROPS,
};

enum
{
  CHOSEN,
  TRIED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static int
find_lowest_price (SfumatoService *service)
{
  int lowest = G_MAXINT;

  for (const SfumatoModel *model = sfumato_service_get_models (service); model->id != NULL; model++)
    lowest = MIN (lowest, model->price);
  return lowest;
}

/* What a person should know before choosing: what it needs, where the words go, what it costs. */
static char *
describe (SfumatoWelcomePage *self,
          SfumatoService     *service)
{
  const SfumatoModel *model = sfumato_service_get_models (service);
  g_autofree char *price = sfumato_price_format (find_lowest_price (service));

  if (!model->leaves_computer && !sfumato_studio_has_own_models (self->studio))
    return g_strdup (_("Private and free: nothing leaves this computer. You need a model, which you get once and add here."));
  if (!model->leaves_computer)
    return g_strdup (_("Private and free: nothing leaves this computer."));
  /* Translators: the first %s is the name of a service, the second a price such as "2.5 credits" */
  return g_strdup_printf (_("Fast, and no graphics card is needed. Prompts are sent to %s. A picture costs "
                            "from %s."), sfumato_service_get_name (service), price);
}

static GtkWidget *
create_row_cb (gpointer item,
               gpointer user_data)
{
  SfumatoService *service = item;
  const char *name = sfumato_service_get_name (service);
  gboolean leaves = sfumato_service_get_models (service)->leaves_computer;
  g_autofree char *title = leaves ? g_strdup_printf (_("With %s"), name) : g_strdup (name);
  g_autofree char *subtitle = describe (user_data, service);
  GtkWidget *row = g_object_new (ADW_TYPE_ACTION_ROW, "use-markup", FALSE, "title", title, "subtitle", subtitle,
                                 "activatable", TRUE, "name", sfumato_service_get_id (service), NULL);
  GtkWidget *mark = g_object_new (GTK_TYPE_IMAGE, "icon-name", "go-next-symbolic", "accessible-role",
                                  GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

  adw_action_row_add_suffix (ADW_ACTION_ROW (row), mark);
  g_object_set_data (G_OBJECT (row), MARK, mark);
  return row;
}

/* The service whose key is asked for below. */
static void
mark_chosen (SfumatoWelcomePage *self,
             GtkListBoxRow      *chosen)
{
  GtkListBoxRow *row;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (self->services_box, i)) != NULL; i++)
    {
      GtkWidget *mark = g_object_get_data (G_OBJECT (row), MARK);

      gtk_image_set_from_icon_name (GTK_IMAGE (mark), row == chosen ? "object-select-symbolic" : "go-next-symbolic");
      gtk_accessible_update_state (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_STATE_SELECTED, row == chosen, -1);
    }
}

/* In the field for the key, with nothing more to enter. */
static gboolean
is_done_with_key (SfumatoWelcomePage *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *focus = root != NULL ? gtk_root_get_focus (root) : NULL;

  return GTK_IS_EDITABLE (focus) && gtk_widget_is_ancestor (focus, GTK_WIDGET (self->key_group)) &&
         *gtk_editable_get_text (GTK_EDITABLE (focus)) == '\0';
}

static void
key_changed_cb (SfumatoWelcomePage *self)
{
  gboolean has_key = sfumato_key_group_get_has_key (self->key_group);

  gtk_widget_set_sensitive (self->start_button, has_key);
  if (has_key && is_done_with_key (self))
    gtk_widget_grab_focus (self->start_button);
}

static void
service_activated_cb (SfumatoWelcomePage *self,
                      GtkListBoxRow      *row)
{
  const char *id = gtk_widget_get_name (GTK_WIDGET (row));
  g_autoptr (SfumatoService) service = sfumato_studio_find_service (self->studio, id);

  if (!sfumato_service_get_needs_key (service))
    {
      g_signal_emit (self, signals[CHOSEN], 0, id);
      return;
    }
  g_set_str (&self->service, id);
  mark_chosen (self, row);
  g_object_set (self->key_group, "service", id, NULL);
  gtk_revealer_set_reveal_child (self->key_revealer, TRUE);
  gtk_widget_grab_focus (GTK_WIDGET (self->key_group));
}

static void
try_activated_cb (SfumatoWelcomePage *self)
{
  g_signal_emit (self, signals[TRIED], 0);
}

/* What has to do with the key is in view; where not all of it fits, what has the keyboard. One call only: it may move
 * slowly, and a second one would begin where the first has not yet arrived. */
static gboolean
scroll_cb (gpointer user_data)
{
  SfumatoWelcomePage *self = user_data;
  GtkWidget *target = GTK_WIDGET (self->key_revealer);
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (GTK_WIDGET (self)));

  self->scroll = 0;
  if (gtk_widget_get_height (target) > gtk_widget_get_height (GTK_WIDGET (self->viewport)) && focus != NULL)
    target = focus;
  gtk_viewport_scroll_to (self->viewport, target, NULL);
  return G_SOURCE_REMOVE;
}

/* The page has been laid out anew: with the key, or with what was found about it. */
static void
height_changed_cb (SfumatoWelcomePage *self)
{
  if (self->scroll == 0 && gtk_revealer_get_reveal_child (self->key_revealer))
    self->scroll = g_idle_add (scroll_cb, self);
}

static void
sfumato_welcome_page_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&SFUMATO_WELCOME_PAGE (widget)->scroll, g_source_remove);

  GTK_WIDGET_CLASS (sfumato_welcome_page_parent_class)->unmap (widget);
}

static void
start_clicked_cb (SfumatoWelcomePage *self)
{
  g_signal_emit (self, signals[CHOSEN], 0, self->service);
}

static void
look_clicked_cb (SfumatoWelcomePage *self)
{
  g_signal_emit (self, signals[CHOSEN], 0, NULL);
}

static void
offer_starter (SfumatoWelcomePage *self)
{
  const SfumatoModel *starter = sfumato_studio_find_starter (self->studio);
  g_autofree char *words = NULL;

  if (starter == NULL)
    return;
  /* Translators: %s is a prompt in English */
  words = g_strdup_printf (_("Draws simple picture-book scenes, such as “%s”. On this computer, with nothing to set up."),
                           sfumato_vocabulary_get_example (starter->vocabulary));
  adw_action_row_set_subtitle (self->try_row, words);
  gtk_widget_set_visible (GTK_WIDGET (self->try_box), TRUE);
}

static void
set_studio (SfumatoWelcomePage *self,
            SfumatoStudio      *studio)
{
  if (studio == NULL)
    return;
  g_return_if_fail (self->studio == NULL);

  self->studio = g_object_ref (studio);
  g_object_set (self->key_group, "studio", studio, NULL);
  offer_starter (self);
  gtk_list_box_bind_model (self->services_box, sfumato_studio_get_services (studio), create_row_cb, self, NULL);
}

static void
sfumato_welcome_page_get_property (GObject    *object,
                                   guint       id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: g_value_set_object (value, SFUMATO_WELCOME_PAGE (object)->studio); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_welcome_page_set_property (GObject      *object,
                                   guint         id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  switch (id)
    {
    case PROP_STUDIO: set_studio (SFUMATO_WELCOME_PAGE (object), g_value_get_object (value)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sfumato_welcome_page_dispose (GObject *object)
{
  SfumatoWelcomePage *self = SFUMATO_WELCOME_PAGE (object);

  gtk_widget_dispose_template (GTK_WIDGET (self), SFUMATO_TYPE_WELCOME_PAGE);
  g_clear_object (&self->studio);

  G_OBJECT_CLASS (sfumato_welcome_page_parent_class)->dispose (object);
}

static void
sfumato_welcome_page_finalize (GObject *object)
{
  g_free (SFUMATO_WELCOME_PAGE (object)->service);

  G_OBJECT_CLASS (sfumato_welcome_page_parent_class)->finalize (object);
}

static void
sfumato_welcome_page_class_init (SfumatoWelcomePageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = sfumato_welcome_page_get_property;
  object_class->set_property = sfumato_welcome_page_set_property;
  object_class->dispose = sfumato_welcome_page_dispose;
  object_class->finalize = sfumato_welcome_page_finalize;
  widget_class->unmap = sfumato_welcome_page_unmap;

  properties[PROP_STUDIO] = g_param_spec_object ("studio", NULL, NULL, SFUMATO_TYPE_STUDIO,
                                                 G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[CHOSEN] = g_signal_new ("chosen", SFUMATO_TYPE_WELCOME_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[TRIED] = g_signal_new ("tried", SFUMATO_TYPE_WELCOME_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);

  g_type_ensure (SFUMATO_TYPE_KEY_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class, SFUMATO_RESOURCES "sfumato-welcome-page.ui");
  gtk_widget_class_bind_template_child (widget_class, SfumatoWelcomePage, viewport);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWelcomePage, app_icon);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWelcomePage, try_box);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWelcomePage, try_row);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWelcomePage, services_box);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWelcomePage, key_revealer);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWelcomePage, key_group);
  gtk_widget_class_bind_template_child (widget_class, SfumatoWelcomePage, start_button);
  gtk_widget_class_bind_template_callback (widget_class, try_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, service_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, start_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, look_clicked_cb);
}

static void
sfumato_welcome_page_init (SfumatoWelcomePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_image_set_from_icon_name (self->app_icon, APP_ID);
  g_signal_connect_object (gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (self->viewport)), "notify::upper",
                           G_CALLBACK (height_changed_cb), self, G_CONNECT_SWAPPED);
  key_changed_cb (self);
}
